class ApplicationController < ActionController::Base
  around_action :as_sender

  AUTHENTICATE = "SELECT user_id FROM session_auth.authenticate_request($1, $2, on_refused => 'nobody')"

  private

  # Runs the action and its view in one transaction that knows whose cookie came with the request.
  # exec_query asks each time, where select_value might answer from the query cache.
  def as_sender
    connection = ApplicationRecord.connection
    ApplicationRecord.transaction do
      connection.clear_query_cache
      @database_user = connection.exec_query(AUTHENTICATE, 'authenticate', headers_of_sender).rows.dig(0, 0)
      yield
    end
  end

  def headers_of_sender
    [request.headers['Cookie'], request.authorization].map do |header|
      ActiveRecord::Relation::QueryAttribute.new('header', header, ActiveRecord::Type::String.new)
    end
  end
end
