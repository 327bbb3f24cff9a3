"""What was asked and answered before threads were kept stands in the audit record; here it becomes the thread."""

from django.db import migrations

KINDS = {"query_site_month": ("query", "reason"), "submit_site_month": ("answer", "answer")}


def fill_threads(apps, schema_editor):
    AuditRecord = apps.get_model("sites", "AuditRecord")
    SiteMonth = apps.get_model("batches", "SiteMonth")
    Remark = apps.get_model("batches", "Remark")
    months = {
        str(pk): (site, month) for pk, site, month in SiteMonth.objects.values_list("pk", "site_id", "month")
    }
    actions = [*KINDS, "reopen_site_month"]
    said = AuditRecord.objects.filter(object_type="batches.sitemonth", action__in=actions).order_by("id")
    for record in said.iterator():
        if record.object_id not in months:
            continue
        kind, name = KINDS.get(record.action, ("reopened", ""))
        text = record.detail.get(name, "") if name else "reopened_late_entries"
        if not text:
            continue
        site, month = months[record.object_id]
        remark = Remark.objects.create(
            site_id=site, month=month, kind=kind, text=text, created_by_id=record.actor_id
        )
        Remark.objects.filter(pk=remark.pk).update(created_at=record.at)


class Migration(migrations.Migration):
    dependencies = [("batches", "0002_threads_records_and_signed_releases"), ("sites", "0001_initial")]
    operations = [migrations.RunPython(fill_threads, migrations.RunPython.noop)]
