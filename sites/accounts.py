"""How people sign in and up: allauth with an e-mail address or a phone number (and WeChat where it is configured)."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm as BaseLoginForm
from allauth.account.forms import SignupForm as BaseSignupForm
from allauth.socialaccount.forms import SignupForm as BaseSocialSignupForm
from django import forms
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from sites.models import User
from sites.phones import normalise_phone


class PhoneField(forms.CharField):
    """A phone number, kept as E.164. Without a country code it is taken as a Chinese one."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Phone number"))
        kwargs.setdefault("widget", forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return normalise_phone(text)
        except ValueError as error:
            raise forms.ValidationError(
                _("“%(number)s” is not a phone number. Write it as 138 0013 8000, or with its country code as +1 …."),
                code="invalid_phone",
                params={"number": text},
            ) from error


class AccountAdapter(DefaultAccountAdapter):
    """allauth's adapter for our user model: phone numbers stand in `User.phone`."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _(
            "Nobody can be signed in with this. Write the e-mail address or the phone number of your account, "
            "and check the password."
        ),
        "email_password_mismatch": _("The e-mail address or the password is not right. Check both."),
        "phone_password_mismatch": _("The phone number or the password is not right. Check both."),
    }

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """The logbook for who has one site, the list of their sites for who has more, else the front page."""
        roles = request.user.memberships.filter(site__isnull=False, role__in=("operator", "manager"))
        sites = list(roles.values_list("site__code", flat=True).distinct()[:2])
        if not sites:
            return super().get_login_redirect_url(request)
        try:
            return reverse("account") if len(sites) > 1 else reverse("logbook", args=sites)
        except NoReverseMatch:
            return super().get_login_redirect_url(request)

    def phone_form_field(self, **kwargs: Any) -> PhoneField:
        return PhoneField(**kwargs)

    def clean_phone(self, phone: str) -> str:
        return normalise_phone(phone)

    def get_phone(self, user: User) -> tuple[str, bool] | None:
        return (user.phone, user.phone_verified) if user.phone else None

    def set_phone(self, user: User, phone: str, verified: bool) -> None:
        user.phone, user.phone_verified = phone, verified
        user.save(update_fields=["phone", "phone_verified"])

    def set_phone_verified(self, user: User, phone: str) -> None:
        self.set_phone(user, phone, True)

    def get_user_by_phone(self, phone: str) -> User | None:
        try:
            return User.objects.filter(phone=normalise_phone(phone)).first()
        except ValueError:
            return None

    def save_user(self, request: HttpRequest, user: User, form: forms.BaseForm, commit: bool = True) -> User:
        # The database asks for e-mail or phone, so the phone must be there before the first save.
        user.phone = form.cleaned_data.get("phone") or None
        user.email = form.cleaned_data.get("email") or None
        user.name = form.cleaned_data.get("name", "")
        if password := form.cleaned_data.get("password1"):
            user.set_password(password)
        else:
            user.set_unusable_password()
        if commit:
            user.save()
        return user

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # allauth counts by e-mail or user name only: every phone number would share one count of failures.
        phone = credentials.get("phone")
        if phone:
            return super()._get_login_attempts_cache_key(request, email=normalise_phone(phone))
        return super()._get_login_attempts_cache_key(request, **credentials)


class LoginForm(BaseLoginForm):
    """One field for e-mail address or phone number, and the password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("E-mail address or phone number")
        self.fields["login"].widget.attrs["autocomplete"] = "username"
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class EmailOrPhone:
    """What both sign-up forms ask: a name, and at least one of e-mail and phone number."""

    def ask_for_either(self) -> None:
        self.fields["email"].label = _("E-mail address")
        self.fields["phone"].label = _("Phone number")
        self.fields["email"].help_text = _("E-mail address or phone number: one of them is enough.")
        self.fields["name"] = forms.CharField(
            label=_("Name"),
            max_length=100,
            required=False,
            help_text=_("As your colleagues should see it. You can leave it out."),
            widget=forms.TextInput(attrs={"autocomplete": "name"}),
        )
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors and not (data.get("email") or data.get("phone")):
            raise forms.ValidationError(_("Write an e-mail address or a phone number, so that you can sign in again."))
        return data

    def clean_email(self) -> str:
        email = super().clean_email()
        return email or ""

    def _clean_phone(self) -> None:
        # Sign-up is immediate, so saying that a number is taken gives away nothing that trying it would not.
        phone = self.cleaned_data.get("phone")
        if phone and User.objects.filter(phone=phone).exists():
            self.add_error("phone", _("There is already an account with this phone number. Sign in instead."))


class SignupForm(EmailOrPhone, BaseSignupForm):
    """Sign-up with a password. A new account has no role; a site's manager or the platform team gives one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ask_for_either()
        self.order_fields(["name", "email", "phone", "password1", "password2"])


class SocialSignupForm(EmailOrPhone, BaseSocialSignupForm):
    """Sign-up after WeChat has said who it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ask_for_either()
        self.order_fields(["name", "email", "phone"])
