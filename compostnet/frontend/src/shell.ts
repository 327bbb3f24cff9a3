// Small comfort for pages that read and work without it: htmx for what asks for it with hx-… attributes.
import htmx from "htmx.org";

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
