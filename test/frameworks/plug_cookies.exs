# Debian has no Plug: cookies and tokens by Erlang/OTP's own crypto and terms, by the steps of Plug.Crypto's
# KeyGenerator, MessageVerifier and MessageEncryptor.
defmodule Cookies do
  @moduledoc "As Plug.Session's cookie store and Phoenix.Token write them."

  @alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

  def key(salt), do: :crypto.pbkdf2_hmac(:sha256, System.fetch_env!("SECRET_KEY"), salt, 1000, 32)
  def url(bytes), do: Base.url_encode64(bytes, padding: false)

  def sign(message, key) do
    text = "SFMyNTY." <> url(message)
    text <> "." <> url(:crypto.mac(:hmac, :sha256, key, text))
  end

  @doc "XChaCha20-Poly1305: a key of the nonce's first 16 bytes, by what Erlang has of ChaCha20."
  def encrypt(message, key) do
    <<first::binary-16, last::binary-8>> = nonce = :crypto.strong_rand_bytes(24)
    {text, tag} = :crypto.crypto_one_time_aead(:chacha20_poly1305, hchacha20(key, first), <<0::32, last::binary>>, message, "A128GCM", true)
    "XCP." <> url(nonce <> tag <> text)
  end

  # A block of ChaCha20 is its rounds' result added to what it began with.
  defp hchacha20(key, nonce) do
    <<head::binary-16, _::binary-32, tail::binary-16>> = :crypto.crypto_one_time(:chacha20, key, nonce, <<0::512>>, true)
    minus(head, "expand 32-byte k") <> minus(tail, nonce)
  end

  defp minus(a, b), do: for({x, y} <- Enum.zip(words(a), words(b)), into: <<>>, do: <<x - y::32-little>>)
  defp words(bytes), do: for(<<word::32-little <- bytes>>, do: word)

  @doc "phx.gen.auth's session."
  def session(token), do: %{"_csrf_token" => "abcdef", "user_token" => token, "live_socket_id" => "users_sessions:#{url(token)}"}
  def signed(map, salt \\ "signing-salt"), do: "_shop_key=" <> sign(:erlang.term_to_binary(map), key(salt))
  def encrypted(map, salt \\ "encryption-salt"), do: "_shop_key=" <> encrypt(:erlang.term_to_binary(map), key(salt))

  @doc "The character of base64url that stands for one more."
  def next_character(character) do
    {at, 1} = :binary.match(@alphabet, character)
    String.at(@alphabet, at + 1)
  end

  @doc "Phoenix.Token.sign/4."
  def token(data, ago), do: sign(:erlang.term_to_binary({data, System.os_time(:millisecond) - ago * 1000, 86_400}), key("user auth"))
end
