"""Frozen verdicts are kept compressed; reports that came from a lab before `by_lab` existed are the lab's."""

from django.db import migrations, models

import standards.fields


def pack(apps, schema_editor):
    """Carry every frozen verdict over, unchanged in content."""
    verdict = apps.get_model("standards", "Verdict")
    for one in verdict.objects.iterator(chunk_size=200):
        verdict.objects.filter(pk=one.pk).update(packed=one.detail)
    apps.get_model("standards", "LabReport").objects.filter(lab__isnull=False).update(by_lab=True)


def unpack(apps, schema_editor):
    """The way back."""
    verdict = apps.get_model("standards", "Verdict")
    for one in verdict.objects.iterator(chunk_size=200):
        verdict.objects.filter(pk=one.pk).update(detail=one.packed)


class Migration(migrations.Migration):
    # PostgreSQL changes no table with rows of the same transaction waiting on its constraints.
    atomic = False
    dependencies = [("standards", "0002_testing_on_request")]
    operations = [
        migrations.AlterField("verdict", "detail", models.JSONField(null=True)),
        migrations.AddField("verdict", "packed", standards.fields.PackedJSONField(null=True)),
        migrations.RunPython(pack, unpack),
        migrations.RemoveField("verdict", "detail"),
        migrations.RenameField("verdict", "packed", "detail"),
        migrations.AlterField(
            "verdict",
            "detail",
            standards.fields.PackedJSONField(
                help_text="verdict per indicator with values, limit, clause and reason code, in each language"
            ),
        ),
    ]
