# Rails' own verification: N cookies of its cookie store, and how long it takes to read one.
require "active_support"
require "active_support/key_generator"
require "active_support/message_encryptor"
require "cgi"
require "json"

secret, count = ARGV
key = ActiveSupport::KeyGenerator.new(secret, iterations: 1000).generate_key("authenticated encrypted cookie", 32)
encryptor = ActiveSupport::MessageEncryptor.new(key, cipher: "aes-256-gcm", serializer: JSON)
cookies = Array.new(count.to_i) do |n|
  encryptor.encrypt_and_sign({ "session_id" => "0" * 32, "user_id" => n, "_csrf_token" => "c" * 44 }, purpose: "cookie._app_session")
end
best = 1e9
15.times do
  start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  cookies.each { |cookie| encryptor.decrypt_and_verify(cookie, purpose: "cookie._app_session") || raise }
  best = [best, Process.clock_gettime(Process::CLOCK_MONOTONIC) - start].min
end
puts best / cookies.size * 1e6
cookies.each { |cookie| puts "_app_session=" + CGI.escape(cookie) }
