# The code of docs/frameworks.md in Elixir, alive, on the stand-ins of phoenix_stand_ins.exs and with the cookies of
# plug_cookies.exs, which test/t/frameworks_debian.t has loaded before, as it has the page's modules.
defmodule Shop do
  @moduledoc "The application: phx.gen.auth's rows of users_tokens, and requests."
  def log_in(user) do
    token = :crypto.strong_rand_bytes(32)
    now = NaiveDateTime.to_string(NaiveDateTime.truncate(NaiveDateTime.utc_now(), :second))
    Shop.Repo.query!("INSERT INTO users_tokens (user_id, token, context, inserted_at) VALUES ($1, $2, 'session', $3)", [user, bytea(token), now])
    token
  end

  def log_out(token), do: Shop.Repo.query!("DELETE FROM users_tokens WHERE token = $1 AND context = 'session'", [bytea(token)])
  defp bytea(bytes), do: "\\x" <> Base.encode16(bytes)

  def page(headers, action \\ :index), do: ShopWeb.AccountController.call(%Plug.Conn{req_headers: headers}, action).resp_body
  def with_cookie(cookie), do: page([{"cookie", cookie}])
end

defmodule ShopWeb.GuardedController do
  use ShopWeb, :controller
  use ShopWeb.AsSender

  def show(conn, _params) do
    Shop.Repo.query!("SELECT session_auth.require_permission('delete', 'accounts')")
    json(conn, [])
  end
end

import Tap
IO.puts("# with Elixir #{System.version()}, Erlang/OTP #{System.otp_release()}")
[mine, theirs] = tokens = Enum.map(["1", "2"], &Shop.log_in/1)
[her, his] = Enum.map(tokens, &Cookies.signed(Cookies.session(&1)))

# ------------------------------------------------------------------------- signed

equal(Shop.with_cookie(her), ["Savings", "Travel"], "her page lists her accounts")
equal(Shop.with_cookie(his), ["Rent"], "his lists his")
equal(Shop.with_cookie(her), ["Savings", "Travel"], "hers lists hers again, on the same connection")
equal(Shop.page([]), [], "nobody has none")
equal(Shop.page([{"cookie", "a=1"}, {"cookie", his}]), ["Rent"], "a cookie in the second of two headers, as HTTP/2 has them")
equal(user_of(her), "1", "a signed cookie of phx.gen.auth names the session in users_tokens")
equal(user_of("_shop_key=" <> Base.encode16(mine, case: :lower)), "", "the bare token is refused")

for {what, cookie} <- [
      "by another salt": Cookies.signed(Cookies.session(mine), "another salt"),
      "of a guest": Cookies.signed(%{"_csrf_token" => "abcdef"}),
      "with one character replaced": tampered(her),
      "whose term is compressed, which Plug never does": "_shop_key=" <> Cookies.sign(:erlang.term_to_binary(Cookies.session(mine), compressed: 9), Cookies.key("signing-salt"))
    ] do
  equal({user_of(cookie), Shop.with_cookie(cookie)}, {"", []}, "one #{what} is refused, and lists nothing")
end

# One signature has one text here; Plug decodes it, so these are the same to it.
[_, last] = Regex.run(~r/\.([^.]*)$/, her)

for text <- [last <> "=", String.slice(last, 0..-2//1) <> Cookies.next_character(String.last(last))] do
  cookie = String.replace_suffix(her, last, text)
  equal({Base.url_decode64(text, padding: false), user_of(cookie)}, {Base.url_decode64(last, padding: false), ""}, "#{text} is the same signature, and refused")
end

# ---------------------------------------------------------------------- encrypted

{said, _} = psql("SELECT session_auth.add_cookie_secret('phoenix', '#{System.fetch_env!("SECRET_KEY")}', cookie_names => '{_shop_key}', salts => '{signing-salt,encryption-salt}')")

if said =~ "without libsodium" do
  equal(true, true, "encrypted # skip session_auth was built without libsodium")
else
  sealed = Cookies.encrypted(Cookies.session(mine))
  equal(Shop.with_cookie(sealed), ["Savings", "Travel"], "encrypted: her page lists her accounts")
  equal(user_of(sealed), "1", "encrypted: the database finds her in it")
  equal({user_of(tampered(sealed)), Shop.with_cookie(tampered(sealed))}, {"", []}, "encrypted: one with a character replaced is refused")
  equal(user_of(Cookies.encrypted(Cookies.session(mine), "another salt")), "", "encrypted: so is one by another salt")
  equal(user_of(her), "", "encrypted: and one that is only signed")
end

as_admin("SELECT session_auth.add_cookie_secret('phoenix', '#{System.fetch_env!("SECRET_KEY")}', cookie_names => '{_shop_key}', salts => '{signing-salt}')")

# ------------------------------------------------------- what a refusal arrives as

code = fn headers ->
  try do
    ShopWeb.GuardedController.call(%Plug.Conn{req_headers: headers}, :show)
  rescue
    error in Postgrex.Error -> error.postgres.pg_code
  end
end

equal({code.([]), code.([{"cookie", her}])}, {"28000", "42501"}, "a permission that nobody asks for is 28000, one that is lacking 42501")
equal(Shop.with_cookie(her), ["Savings", "Travel"], "each took its transaction back: the next request is served on the same connection")

# -------------------------------------------------------------------------- the end

Shop.log_out(mine)
equal({user_of(her), Shop.with_cookie(her)}, {"", []}, "she logs out: the database refuses her cookie, which lists nothing")
equal(Shop.with_cookie(his), ["Rent"], "and his goes on")
as_admin("DELETE FROM users_tokens WHERE token = '\\x#{Base.encode16(theirs)}'")
equal(user_of(his), "", "without its row a cookie is nobody")

as_admin("SELECT session_auth.add_cookie_secret('phoenix-token', '#{System.fetch_env!("SECRET_KEY")}', salts => '{user auth}')")
equal({user_of_token(Cookies.token(42, 0)), user_of_token(Cookies.token("ada", 60))}, {"42", "ada"}, "Phoenix.Token's data are the user")
equal(user_of_token(Cookies.token(42, 86_401)), "", "until its age")
equal(Shop.page([{"authorization", "Bearer " <> Cookies.token(2, 0)}]), ["Rent"], "as a Bearer it lists his accounts")
