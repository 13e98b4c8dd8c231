# examples/rails as it stands, in Rails' own request cycle, then the cookie store and the query cache.
ENV['RAILS_ENV'] = 'production'
require File.expand_path('../../examples/rails/config/environment', __dir__)
require 'action_dispatch/testing/integration'
require 'bcrypt'
require 'pg'

BCrypt::Engine.cost = 4
$stdout.sync = true
puts "# with Rails #{Rails.version}, Ruby #{RUBY_VERSION}"
$seen = 0

def equal(got, wanted, name)
  $seen += 1
  puts "#{got == wanted ? 'ok' : 'not ok'} #{$seen} - #{name}"
  puts "# got #{got.inspect}, wanted #{wanted.inspect}" unless got == wanted
end

def as_admin(statement, *values)
  admin = PG.connect(user: ENV['ADMIN'])
  admin.exec_params(statement, values).values.dig(0, 0)
ensure
  admin&.close
end

def user_of(cookie)
  as_admin("SELECT user_id FROM session_auth.authenticate_request($1, NULL, on_refused => 'nobody')", cookie)
end

def tampered(value)
  at = value.length / 4
  value[0...at] + (value[at] == 'A' ? 'B' : 'A') + value[at + 1..]
end

def visitor(cookies = {})
  ActionDispatch::Integration::Session.new(Rails.application).tap do |visitor|
    cookies.each { |name, value| visitor.cookies[name] = value }
  end
end

def page(visitor)
  visitor.get('/')
  visitor.response.body.scan(/<tr><td>(.*?)</).flatten
end

def log_in(name)
  visitor.tap do |visitor|
    visitor.post('/session', params: { name: name, password: 'correct horse' })
    equal(visitor.response.location, 'http://www.example.com/', "#{name} logs in")
  end
end

ActionController::Base.allow_forgery_protection = false
digest = BCrypt::Password.create('correct horse')
ada, uwe = %w[ada uwe].map { |name| as_admin('INSERT INTO users (name, password_digest) VALUES ($1, $2) RETURNING id', name, digest) }
[[ada, 'Savings'], [ada, 'Travel'], [uwe, 'Rent']].each { |account| as_admin('INSERT INTO accounts (holder_id, name) VALUES ($1, $2)', *account) }

# ------------------------------------------- a signed id, as generated authentication has it

her = log_in('ada')
his = log_in('uwe')
cookie = her.cookies['session_id']
equal(page(her), %w[Savings Travel], 'her page lists her accounts')
equal(her.response.body.include?('Log out'), true, 'and offers the way out')
equal(page(his), %w[Rent], 'his lists his')
equal(page(her), %w[Savings Travel], 'hers lists hers again, on the same connection')
equal(page(visitor), [], 'nobody has none')
header = ->(value) { "session_id=#{Rack::Utils.escape(value)}" }
equal(user_of(header[cookie]), ada, 'the database finds her in the cookie')
equal(user_of(header[tampered(cookie)]), nil, 'a cookie with one character replaced is refused')
equal(page(visitor('session_id' => tampered(cookie))), [], 'and lists nothing')
equal(user_of('session_id=1'), nil, 'the bare id is refused')
her.delete('/session')
equal(page(her), [], 'she logs out')
equal(user_of(header[cookie]), nil, 'the database refuses her cookie then')
equal(page(visitor('session_id' => cookie)), [], 'which lists nothing')
equal(page(his), %w[Rent], 'and his goes on')

# --------------------------------------------------------------------------- the cookie store

class StoreController < ApplicationController
  def create
    session[:user_id] = params[:id]
    head :ok
  end

  def destroy
    reset_session
    head :ok
  end
end

Rails.application.routes.append do
  post 'store', to: 'store#create'
  delete 'store', to: 'store#destroy'
end
Rails.application.reload_routes!
name = Rails.application.config.session_options[:key]
as_admin("SELECT session_auth.add_cookie_secret('rails', $1, cookie_names => ARRAY[$2], without_end => true)", ENV['SECRET_KEY'], name)
her = visitor
her.post('/store', params: { id: ada })
cookie = her.cookies[name]
header = ->(value) { "#{name}=#{Rack::Utils.escape(value)}" }
equal(page(her), %w[Savings Travel], 'cookie store: her page')
equal(user_of(header[cookie]), ada, 'cookie store: the database opens the cookie')
equal(user_of(header[tampered(cookie)]), nil, 'cookie store: a tampered one is refused')
her.delete('/store')
equal(page(her), [], 'cookie store: she logs out')
equal(user_of(header[cookie]), ada, 'cookie store: a logout only takes the cookie from the browser')
as_admin("SELECT session_auth.expire_user_sessions($1::text)", ada)
equal(user_of(header[cookie]), nil, 'cookie store: expire_user_sessions ends it, as it ends all that do not say when they were issued')
as_admin("SELECT session_auth.drop_cookie_secret('rails', $1)", ENV['SECRET_KEY'])

# ------------------------------------------------------- what Active Record does around it

mine, theirs = [log_in('ada'), log_in('uwe')].map { |visitor| "session_id=#{Rack::Utils.escape(visitor.cookies['session_id'])}" }
connection = ActiveRecord::Base.connection
authenticate = lambda do |cookie, clear|
  connection.clear_query_cache if clear
  connection.exec_query("SELECT session_auth.authenticate_request(#{connection.quote(cookie)}, NULL)")
end
[false, true].each do |clear|
  seen = ActiveRecord::Base.cache do
    [mine, theirs].map do |cookie|
      ActiveRecord::Base.transaction do
        authenticate[cookie, clear]
        Account.order(:id).pluck(:name)
      end
    end
  end
  if clear then equal(seen, [%w[Savings Travel], %w[Rent]], 'cleared before each, the query cache does not answer for another')
  elsif Rails.gem_version < Gem::Version.new('7.1') then equal(seen[1], seen[0], 'the query cache answers for another with the rows of who asked before')
  else equal(seen, [%w[Savings Travel], %w[Rent]], 'from Rails 7.1 on exec_query itself clears the query cache')
  end
end
seen = ActiveRecord::Base.cache do
  ['true', '1 = 1'].map do |condition|
    ActiveRecord::Base.transaction do
      connection.select_value("SELECT session_auth.authenticate_request(#{connection.quote(mine)}, NULL)")
      Account.where(condition).count
    end
  end
end
equal(seen, [2, 0], 'with select_value the second transaction is nobody, as the query cache has answered')

# ------------------------------------------------------------ what a refusal arrives as

LACKING = "SELECT session_auth.require_permission('delete', 'accounts')"

def error_of
  ActiveRecord::Base.transaction { yield }
  nil
rescue ActiveRecord::StatementInvalid => error
  "#{error.class} #{error.cause.class} #{error.cause.result.error_field(PG::PG_DIAG_SQLSTATE)}"
end

equal(error_of { authenticate['session_id=none', true] }, 'ActiveRecord::StatementInvalid PG::InvalidAuthorizationSpecification 28000', 'a refused cookie arrives as StatementInvalid')
equal(error_of { connection.exec_query(LACKING) }, 'ActiveRecord::StatementInvalid PG::InvalidAuthorizationSpecification 28000', 'so does a permission that nobody asks for')
equal(error_of { authenticate[mine, true] && connection.exec_query(LACKING) }, 'ActiveRecord::StatementInvalid PG::InsufficientPrivilege 42501', 'one that is lacking has another cause')

class GuardedController < ApplicationController
  STATUS = { PG::InvalidAuthorizationSpecification => 401, PG::InsufficientPrivilege => 403 }.freeze
  rescue_from(ActiveRecord::StatementInvalid) { |error| head STATUS.fetch(error.cause.class, 500) }

  def show
    ApplicationRecord.connection.exec_query(LACKING)
    head :ok
  end
end

Rails.application.routes.append { get 'guarded', to: 'guarded#show' }
Rails.application.reload_routes!
answers = [log_in('ada'), visitor].map { |sender| sender.get('/guarded') }
equal(answers, [403, 401], 'rescue_from sees it in a controller, around action and transaction: 403, and 401 for nobody')
