#!/usr/bin/env ruby
# Rails, which reads its own cookies: see bench/cookies.
require "action_controller"
require "action_dispatch"
require "action_dispatch/middleware/cookies"
require "active_support/key_generator"
require "active_support/messages/rotation_configuration"
require "json"

ROUNDS = 15
SOME = 200 # cookies that are read in a round
SESSION = JSON.parse(File.read(File.join(__dir__, "session.json")))

# Microseconds of one call, in the shortest of several rounds.
def shortest(call, inputs)
  best = Array.new(ROUNDS) do
    start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    inputs.each(&call)
    Process.clock_gettime(Process::CLOCK_MONOTONIC) - start
  end.min
  best / inputs.size * 1e6
end

def check(found)
  found || raise("a cookie was refused")
end

# The jar of a request's cookies, with what an application of Rails 7.0's defaults puts into each request.
def jar_of(secret)
  env = {
    "action_dispatch.key_generator" => ActiveSupport::CachingKeyGenerator.new(ActiveSupport::KeyGenerator.new(secret, iterations: 1000, hash_digest_class: OpenSSL::Digest::SHA256)),
    "action_dispatch.secret_key_base" => secret, "action_dispatch.cookies_serializer" => :json,
    "action_dispatch.signed_cookie_salt" => "signed cookie",
    "action_dispatch.encrypted_cookie_salt" => "encrypted cookie", "action_dispatch.encrypted_signed_cookie_salt" => "signed encrypted cookie",
    "action_dispatch.authenticated_encrypted_cookie_salt" => "authenticated encrypted cookie",
    "action_dispatch.use_authenticated_cookie_encryption" => true, "action_dispatch.use_cookies_with_metadata" => true,
    "action_dispatch.cookies_rotations" => ActiveSupport::Messages::RotationConfiguration.new,
  }
  ->(header) { ActionDispatch::Request.new(env.merge("HTTP_COOKIE" => header, "REQUEST_METHOD" => "GET", "HTTP_HOST" => "localhost")).cookie_jar }
end

# What a jar would have a browser keep for a value.
def cookie_of(jar, way, name, value)
  jar.public_send(way)[name] = { value: value }
  "#{name}=#{Rack::Utils.escape(jar[name])}"
end

RAILS = lambda do |secret, count|
  jar = jar_of(secret)
  session = SESSION.slice("_csrf_token", "email")
  { setup: "SELECT session_auth.add_cookie_secret('rails', :'secret', cookie_names => '{_app_session}', without_end => true)",
    cookies: Array.new(count) { |n| cookie_of(jar.(""), :encrypted, "_app_session", { "session_id" => "%032x" % n, "user_id" => n, **session }) },
    cookie: ->(header) { check(jar.(header).encrypted["_app_session"]["user_id"]) } }
end

# The row as generated authentication finds it: Session.find_by(id: cookies.signed[:session_id]).
RAILS_SIGNED = lambda do |secret, count|
  require "active_record"
  jar = jar_of(secret)
  ActiveRecord::Base.establish_connection(adapter: "postgresql", host: ENV["PGHOST"], database: ENV["PGDATABASE"], username: ENV["PGUSER"])
  connection = ActiveRecord::Base.connection
  connection.create_table(:sessions) { |t| t.bigint(:user_id); t.string(:ip_address); t.string(:user_agent); t.timestamps }
  model = Class.new(ActiveRecord::Base) { self.table_name = "sessions" }
  model.insert_all!(Array.new(count) { |n| { id: n + 1, user_id: n, user_agent: "a browser", created_at: Time.now, updated_at: Time.now } })
  { setup: "SELECT session_auth.add_cookie_secret('rails-signed', :'secret'); SELECT session_auth.adopt_sessions('sessions', 'id', 'user_id', 'created_at', token_form => 'id', lifetime => '14 days')",
    cookies: Array.new(count) { |n| cookie_of(jar.(""), :signed, "session_id", n + 1) },
    cookie: ->(header) { check(jar.(header).signed["session_id"]) },
    row: ->(header) { check(model.find_by(id: jar.(header).signed["session_id"]).user_id) },
    round_trips: ->(_) { connection.raw_connection.exec("SELECT 1") } }
end

KINDS = { "rails" => RAILS, "rails-signed" => RAILS_SIGNED }.freeze

if ARGV.empty?
  puts KINDS.keys
else
  name, secret, count = ARGV
  kind = KINDS.fetch(name).(secret, count.to_i)
  puts(%i[cookie row round_trips].map { |what| shortest(kind[what], kind[:cookies].first(SOME)) if kind[what] }.join("\t"))
  puts kind[:setup], kind[:cookies]
end
