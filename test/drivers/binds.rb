# Ruby's clients of docs/drivers.md, for test/t/drivers_debian.t; binds.py says how it is called.
require 'logger'

TEXT = 'SELECT (session_auth.authenticate(%s)).user_id'

# Whether it is installed. A way that is asked for loads its own alone.
def has(name)
  require name if ARGV.empty?
  true
rescue LoadError
  false
end

def active_record
  require 'active_record'
  ActiveRecord::Base.establish_connection(adapter: 'postgresql', database: ENV['PGDATABASE'])
  ActiveRecord::Base.connection
end

def sequel
  require 'sequel'
  Sequel.connect(adapter: 'postgres', host: ENV['PGHOST'], port: ENV['PGPORT'], user: ENV['PGUSER'], database: ENV['PGDATABASE'])
end

WAYS = {}
if has('pg')
  WAYS['pg of Ruby'] = ->(token) { require 'pg'; PG.connect.exec_params(TEXT % '$1', [token]) }
  if has('active_record')
    WAYS['Active Record'] = ->(token) { active_record.exec_query(TEXT % '$1', 'authenticate', [token]) }
    WAYS['Active Record, sanitize_sql'] = ->(token) { active_record.execute(ActiveRecord::Base.sanitize_sql([TEXT % '?', token])) }
    WAYS['Active Record, where'] = lambda { |token|
      active_record
      Class.new(ActiveRecord::Base) { self.table_name = 'accounts' }.where("(#{TEXT % '?'}) IS NOT NULL", token).to_a
    }
  end
  if has('sequel')
    WAYS['Sequel'] = ->(token) { sequel.fetch(TEXT % '?', token).all }
    WAYS['Sequel, prepared'] = ->(token) { sequel.fetch(TEXT % '?', :$token).prepare(:select, :authenticate).call(token: token) }
  end
end

if ARGV.empty?
  puts WAYS.keys
else
  WAYS[ARGV[0]].call(ARGV[1])
end
