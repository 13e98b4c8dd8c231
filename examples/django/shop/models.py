from django.conf import settings
from django.db import models


class Role(models.Model):
    """The role of a user, which the database adopts: a change counts from the next request on."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True)
    role = models.TextField(default='USER')


class Account(models.Model):
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    name = models.TextField()
    balance = models.DecimalField(max_digits=12, decimal_places=2)
