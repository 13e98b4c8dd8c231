#!/usr/bin/env bash
# Rails' query cache does not know that row-level security has another user now.
#
# Version: Rails 6.1.7.10 of Debian 12 (packages ruby-rails and ruby-pg), on PostgreSQL 15.
# Behaviour: while the query cache is on, as it is during each request, a SELECT with the same text and values is
# answered from the cache until something is written. set_config() and SET, by which policies learn
# who asks, are nothing written: the second of two users is given the first one's rows.
# Seen: cached: ["ada's"], ["ada's"]     cleared in between: ["ada's"], ["uwe's"]
# Matters to: whoever works for several users in one request or one cache block, such as a job or an import, on tables
# with row-level security. connection.clear_query_cache with each change of the user is enough.
#
# Uses Debian's packages as they are installed, starts a PostgreSQL of its own, and fails when it answers otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ ${1:-} != --started ]]; then
    exec scripts/with-cluster findings/rails-query-cache-and-row-security.sh --started
fi

psql --no-psqlrc --quiet <<'SQL'
CREATE ROLE app LOGIN;
CREATE TABLE notes (id int, owner text, body text);
INSERT INTO notes VALUES (1, 'ada', 'ada''s'), (2, 'uwe', 'uwe''s');
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (owner = current_setting('app.user', true));
GRANT SELECT ON notes TO app;
SQL

# shellcheck disable=SC2016
seen=$(PGUSER=app ruby -e '
require "active_record"
abort "this is Active Record #{ActiveRecord.version}" unless ActiveRecord.version.to_s == "6.1.7.10"
ActiveRecord::Base.establish_connection(adapter: "postgresql", database: ENV["PGDATABASE"], username: ENV["PGUSER"])
class Note < ActiveRecord::Base; end
connection = ActiveRecord::Base.connection
{ "cached" => false, "cleared in between" => true }.each do |what, clear|
  rows = ActiveRecord::Base.cache do
    %w[ada uwe].map do |user|
      connection.clear_query_cache if clear
      Note.transaction do
        connection.exec_query("SELECT set_config(%s, %s, true)" % [connection.quote("app.user"), connection.quote(user)])
        Note.order(:id).pluck(:body)
      end
    end
  end
  puts "#{what}: #{rows.map(&:inspect).join(", ")}"
end')
expected='cached: ["ada'\''s"], ["ada'\''s"]
cleared in between: ["ada'\''s"], ["uwe'\''s"]'
echo "$seen"
[[ $seen == "$expected" ]] || { echo 'this is not what was seen before' >&2; exit 1; }
