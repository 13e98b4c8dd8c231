Rails.application.routes.draw do
  root 'accounts#index'
  resource :session, only: %i[new create destroy]
end
