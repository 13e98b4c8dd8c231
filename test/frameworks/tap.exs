# What tests in Elixir share: TAP lines, which SessionAuth's relay passes on, and the database's own word.
defmodule Tap do
  def equal(got, wanted, name) do
    number = Process.put(:seen, Process.get(:seen, 1) + 1) || 1
    IO.puts("#{if got === wanted, do: "ok", else: "not ok"} #{number} - #{name}")
    if got !== wanted, do: IO.puts("# got #{inspect(got)}, wanted #{inspect(wanted)}")
  end

  @doc "What psql says to a statement of the administrator's, and its status."
  def psql(statement) do
    System.cmd("psql", ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--username=#{System.fetch_env!("ADMIN")}", "--command=#{statement}"], stderr_to_stdout: true, env: [{"PGOPTIONS", "--client-min-messages=error"}])
  end

  def as_admin(statement) do
    {said, 0} = psql(statement)
    String.trim(said)
  end

  def user_of(cookie), do: as_admin("SELECT user_id FROM session_auth.authenticate_request('#{cookie}', NULL, on_refused => 'nobody')")
  def user_of_token(token), do: as_admin("SELECT user_id FROM session_auth.authenticate('#{token}', on_refused => 'nobody')")

  def tampered(text) do
    at = div(String.length(text), 2)
    String.slice(text, 0, at) <> if(String.at(text, at) == "A", do: "B", else: "A") <> String.slice(text, (at + 1)..-1//1)
  end
end
