# What the code of docs/frameworks.md in Elixir calls of Plug, Phoenix, Ecto and Postgrex, none of which Debian has: as little
# of each as that code needs, by its documentation. The database is the real one: the queries go to it as Postgrex sends
# them, with their values bound, in PostgreSQL's own protocol.
defmodule Postgrex.Error do
  defexception [:message, :postgres]

  def message(error), do: error.message
end

defmodule Shop.Wire do
  @moduledoc "PostgreSQL's protocol over its socket: the extended query, values and rows as text."

  def connect do
    path = "#{System.fetch_env!("PGHOST")}/.s.PGSQL.#{System.fetch_env!("PGPORT")}"
    {:ok, socket} = :gen_tcp.connect({:local, path}, 0, [:binary, active: false])
    startup = <<3::16, 0::16, "user\0#{System.fetch_env!("PGUSER")}\0database\0#{System.fetch_env!("PGDATABASE")}\0\0">>
    :ok = :gen_tcp.send(socket, <<byte_size(startup) + 4::32, startup::binary>>)
    [] = answers(socket, [], nil)
    socket
  end

  @doc "The rows that a statement answers; raises Postgrex.Error once the server is ready again."
  def query!(socket, statement, values) do
    bound = for value <- values, into: <<>>, do: bind(value)
    parse = message(?P, [0, statement, 0, <<0::16>>])
    bind = message(?B, [0, 0, <<0::16, length(values)::16>>, bound, <<0::16>>])
    :ok = :gen_tcp.send(socket, [parse, bind, message(?E, [0, <<0::32>>]), message(?S, [])])
    answers(socket, [], nil)
  end

  defp bind(nil), do: <<-1::32>>
  defp bind(value), do: <<byte_size(value)::32, value::binary>>

  defp message(type, content), do: [type, <<IO.iodata_length(content) + 4::32>>, content]

  # Until the server says that it is ready: rows in their order, and the error that came.
  defp answers(socket, rows, error) do
    {:ok, <<type, len::32>>} = :gen_tcp.recv(socket, 5)
    {:ok, content} = if len == 4, do: {:ok, <<>>}, else: :gen_tcp.recv(socket, len - 4)

    case type do
      ?D -> answers(socket, [row(content) | rows], error)
      ?E -> answers(socket, rows, error_of(content))
      ?Z when error != nil -> raise error
      ?Z -> Enum.reverse(rows)
      _ -> answers(socket, rows, error)
    end
  end

  defp row(<<_::16, columns::binary>>), do: columns(columns)
  defp columns(<<>>), do: []
  defp columns(<<-1::32-signed, rest::binary>>), do: [nil | columns(rest)]
  defp columns(<<n::32, value::binary-size(n), rest::binary>>), do: [value | columns(rest)]

  defp error_of(content) do
    fields = for <<type, value::binary>> <- String.split(content, <<0>>), into: %{}, do: {type, value}
    %Postgrex.Error{message: fields[?M], postgres: %{pg_code: fields[?C], message: fields[?M]}}
  end
end

defmodule Shop.Repo do
  @moduledoc "Ecto's, on one connection of the process."

  def query!(statement, values \\ []), do: %{rows: Shop.Wire.query!(connection(), statement, values)}

  def transaction(work) do
    query!("BEGIN")
    result = work.()
    query!("COMMIT")
    {:ok, result}
  rescue
    error ->
      query!("ROLLBACK")
      reraise error, __STACKTRACE__
  end

  defp connection do
    Process.get(:connection) || tap(Shop.Wire.connect(), &Process.put(:connection, &1))
  end
end

defmodule Plug.Conn do
  defstruct req_headers: [], params: %{}, private: %{}, status: nil, resp_body: nil

  def get_req_header(conn, name), do: for({^name, value} <- conn.req_headers, do: value)
end

defmodule Phoenix.Controller do
  def action_name(conn), do: conn.private.phoenix_action
  def json(conn, data), do: %{conn | status: 200, resp_body: data}

  defmacro __using__(_) do
    quote do
      import Phoenix.Controller, only: [action_name: 1, json: 2]

      def call(conn, action) do
        action(%{conn | private: Map.put(conn.private, :phoenix_action, action)}, action)
      end

      def action(%Plug.Conn{private: %{phoenix_action: action}} = conn, _options) do
        apply(__MODULE__, action, [conn, conn.params])
      end

      defoverridable action: 2
    end
  end
end

defmodule ShopWeb do
  defmacro __using__(:controller) do
    quote do
      use Phoenix.Controller
    end
  end
end
