import { defineConfig } from "vite";

// Django serves dist/ under /static/ and finds the hashed names in dist/manifest.json (django-vite).
export default defineConfig({
  base: "/static/",
  publicDir: false,
  build: {
    outDir: "dist",
    emptyOutDir: true,
    manifest: "manifest.json",
    sourcemap: false,
    // MapLibre comes in one piece of about 1 MB, loaded only where somebody looks at the map.
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: ["src/shell.ts", "src/map.ts", "src/whatif.ts"],
      // htmx can evaluate filters written in attributes; shell.ts switches that off (allowEval).
      checks: { eval: false },
    },
  },
});
