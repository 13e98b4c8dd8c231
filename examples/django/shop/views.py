from django.shortcuts import render

from .models import Account


def accounts(request):
    """All accounts: which ones these are is the database's to say."""
    return render(request, 'accounts.html', {'accounts': Account.objects.order_by('id')})
