# As `rails generate authentication` has it: the cookie is the signed id of a row.
class SessionsController < ApplicationController
  def new; end

  def create
    user = User.find_by(name: params[:name])&.authenticate(params[:password])
    return redirect_to(new_session_path, alert: 'Wrong name or password') unless user

    session = user.sessions.create!
    cookies.signed.permanent[:session_id] = { value: session.id, httponly: true, same_site: :lax }
    redirect_to root_path
  end

  def destroy
    Session.where(id: cookies.signed[:session_id]).delete_all
    cookies.delete(:session_id)
    redirect_to root_path
  end
end
