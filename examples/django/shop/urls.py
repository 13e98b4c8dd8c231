from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from .views import accounts

urlpatterns = [
    path('', accounts),
    path('login/', LoginView.as_view(), name='login'),
    path('logout/', LogoutView.as_view(), name='logout'),
]
