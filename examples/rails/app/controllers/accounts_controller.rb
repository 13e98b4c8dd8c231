class AccountsController < ApplicationController
  # All accounts: which ones these are is the database's to say.
  def index
    @accounts = Account.order(:id)
  end
end
