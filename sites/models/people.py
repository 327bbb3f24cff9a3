"""People, their roles, their tokens, and the record of what they did."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    """Makes users who sign in with an e-mail address or a phone number."""

    def create_user(
        self, *, email: str | None = None, phone: str | None = None, password: str | None = None, name: str = ""
    ) -> User:
        user = self.model(email=self.normalize_email(email) or None, phone=phone or None, name=name)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person. At least one of e-mail and phone number (E.164) identifies them."""

    email = models.EmailField(unique=True, null=True, blank=True)
    phone = models.CharField(max_length=20, unique=True, null=True, blank=True)
    phone_verified = models.BooleanField(default=False)
    name = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(email__isnull=False) | Q(phone__isnull=False), name="user_has_email_or_phone"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.phone or str(self.pk)


class Role(models.TextChoices):
    """What a membership lets a person do; the permissions of each are in ``sites/roles.yaml``."""

    OPERATOR = "operator", _("site operator")
    MANAGER = "manager", _("site manager")
    LAB = "lab", _("laboratory")
    TRAINER = "trainer", _("trainer")
    VERIFIER = "verifier", _("verifier")
    PUBLISHER = "publisher", _("publisher")
    ADMINISTRATOR = "administrator", _("administrator")


SITE_ROLES = (Role.OPERATOR, Role.MANAGER)


class Membership(models.Model):
    """One role of one person: at a site (operator, manager), in a lab, or in the network (the others)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    site = models.ForeignKey("sites.Site", models.CASCADE, null=True, blank=True, related_name="memberships")
    organisation = models.ForeignKey(
        "sites.Organisation", models.CASCADE, null=True, blank=True, related_name="memberships"
    )

    class Meta:
        constraints = [
            # One constraint a place: NULLs are distinct in a plain one, and SQLite knows no NULLS NOT DISTINCT.
            models.UniqueConstraint(
                fields=["user", "role", "site"], condition=Q(site__isnull=False), name="membership_once_a_site"
            ),
            models.UniqueConstraint(
                fields=["user", "role", "organisation"],
                condition=Q(organisation__isnull=False),
                name="membership_once_a_lab",
            ),
            models.UniqueConstraint(
                fields=["user", "role"],
                condition=Q(site__isnull=True, organisation__isnull=True),
                name="membership_once_in_the_network",
            ),
            models.CheckConstraint(
                condition=Q(role__in=SITE_ROLES, site__isnull=False, organisation__isnull=True)
                | Q(role=Role.LAB, site__isnull=True, organisation__isnull=False)
                | (~Q(role__in=[*SITE_ROLES, Role.LAB]) & Q(site__isnull=True, organisation__isnull=True)),
                name="membership_role_fits_place",
            ),
        ]


class ApiToken(models.Model):
    """A personal token with scopes. Only its SHA-256 is kept; the token itself is shown once."""

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, help_text="first characters, so that people can tell tokens apart")
    sha256 = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)


class AuditRecord(models.Model):
    """Who changed what and when. Written by services in the same transaction as the change; never edited."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=80)
    site = models.ForeignKey("sites.Site", models.SET_NULL, null=True, related_name="+")
    detail = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-id"]
