# One round trip with Ruby's pg, 1.3 and newer.
require 'pg'

# shown
def accounts_of(connection, token)
  accounts = nil
  connection.enter_pipeline_mode
  connection.send_query_params('BEGIN', [])
  connection.send_query_params('SELECT (session_auth.authenticate($1)).user_id', [token])
  connection.send_query_params('SELECT id FROM accounts ORDER BY id', [])
  connection.send_query_params('COMMIT', [])
  connection.pipeline_sync
  results = Array.new(4) { connection.get_result.tap { connection.get_result } }
  connection.get_result # of the sync
  connection.exit_pipeline_mode
  connection.exec('ROLLBACK') if connection.transaction_status == PG::PQTRANS_INERROR
  results.each(&:check)
  results[2].column_values(0)
end
# end

def show(connection, token)
  puts accounts_of(connection, token).join(' ')
rescue PG::Error => error
  puts error.result.error_field(PG::Result::PG_DIAG_SQLSTATE)
end

connection = PG.connect(ENV['DATABASE_URL'])
show(connection, ENV['TOKEN'])
connection.exec("SELECT 'measured from here'")
show(connection, ENV['TOKEN'])
connection.exec("SELECT 'measured to here'")
show(connection, 'made-up')
show(connection, ENV['TOKEN'])
connection.close
