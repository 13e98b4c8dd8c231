# Cookies and tokens as Plug.Crypto writes them, by Erlang/OTP's own crypto and term_to_binary: Debian has no Plug. Prints
# name=value lines for test/t/frameworks_debian.t. Arguments: secret_key_base, the signing salt.
[secret, salt] = System.argv()

# Plug.Crypto.KeyGenerator
key = fn salt -> :crypto.pbkdf2_hmac(:sha256, secret, salt, 1000, 32) end

# Plug.Crypto.MessageVerifier
sign = fn message, key ->
  text = "SFMyNTY." <> Base.url_encode64(message, padding: false)
  text <> "." <> Base.url_encode64(:crypto.mac(:hmac, :sha256, key, text), padding: false)
end

# Plug.Session.COOKIE with phx.gen.auth's session
token = :crypto.strong_rand_bytes(32)
session = fn map, salt -> sign.(:erlang.term_to_binary(map), key.(salt)) end
mine = %{"_csrf_token" => "abcdef", "user_token" => token, "live_socket_id" => "users_sessions:x"}

# Phoenix.Token
signed = fn data, ago -> sign.(:erlang.term_to_binary({data, System.os_time(:millisecond) - ago * 1000, 86_400}), key.("user auth")) end

for {name, value} <- [
      otp: System.otp_release(),
      token: Base.encode16(token),
      cookie: session.(mine, salt),
      salted: session.(mine, "another salt"),
      guest: session.(%{"_csrf_token" => "abcdef"}, salt),
      compressed: sign.(:erlang.term_to_binary(mine, compressed: 9), key.(salt)),
      signed: signed.(42, 0),
      text: signed.("ada", 60),
      old: signed.(42, 86_401)
    ],
    do: IO.puts("#{name}=#{value}")
