require 'rails'
require 'active_record/railtie'
require 'action_controller/railtie'
require 'action_view/railtie'

module Shop
  class Application < Rails::Application
    config.load_defaults 6.1
    config.root = File.expand_path('..', __dir__)
    config.secret_key_base = ENV.fetch('SECRET_KEY')
    # the database reads JSON; Ruby's Marshal, which is 6.1's default, it does not
    config.action_dispatch.cookies_serializer = :json
    config.eager_load = true
    config.hosts = ['localhost', '127.0.0.1', 'www.example.com']
    # at debug the log has the values of statements, and so the cookies
    config.log_level = :warn
    config.logger = ActiveSupport::Logger.new($stderr)
  end
end
