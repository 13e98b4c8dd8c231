# Whom Rails takes each cookie header for: one JSON value a line in, one out.
require 'json'
require 'rails'
require 'action_controller/railtie'

first = JSON.parse($stdin.gets)
NOW = Time.at(first['now']).freeze
def Time.now(**zone) = zone[:in] ? at(NOW.to_i, **zone) : at(NOW.to_i)

class Libraries < Rails::Application
  config.load_defaults '6.1'
  config.eager_load = false
  config.logger = Logger.new(IO::NULL)
  config.action_dispatch.cookies_serializer = :json
end
Libraries.config.secret_key_base = first['secret']
Libraries.initialize!
env = Libraries.env_config
encrypted = first['library'] == 'rails'

$stdin.each_line do |line|
  user = begin
    jar = ActionDispatch::Request.new(env.merge('HTTP_COOKIE' => JSON.parse(line, quirks_mode: true), 'REQUEST_METHOD' => 'GET', 'HTTP_HOST' => 'localhost')).cookie_jar
    encrypted ? jar.encrypted['_shop_session']['user_id'] : jar.signed['uid']
  rescue StandardError
    nil
  end
  text = user.is_a?(String) || user.is_a?(Integer) ? user.to_s : nil
  puts JSON.generate(text && text.dup.force_encoding('UTF-8').valid_encoding? ? text : nil)
end
