// SPDX-License-Identifier: Apache-2.0
// Keys as OpenSSL's command line writes them, taken and refused kinds alike. Used by tests only, and by nothing else.
#pragma once

#include <string_view>

namespace adyton {

// `openssl ecparam -genkey`: the curve in a block of its own before the key.
inline constexpr std::string_view kTraditionalEcKey = R"(-----BEGIN EC PARAMETERS-----
BggqhkjOPQMBBw==
-----END EC PARAMETERS-----
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIHASXj4yMSny/d8RR8q+x6t3Fb30t1khxCRmWqIcU8IroAoGCCqGSM49
AwEHoUQDQgAEsJybquw0gMRB4wYTo5fcEW11HifX1m5/S/2Akyl007KIV+k6bVRJ
yoV7pMdwLSfXm+00BKhN4cEdiFfiHtRv7A==
-----END EC PRIVATE KEY-----
)";

// PKCS#1, exponent 65537.
inline constexpr std::string_view kTraditionalRsaKey = R"(-----BEGIN RSA PRIVATE KEY-----
MIIG4gIBAAKCAYEAuysVypt0hDDOZMMC+T4cF6ygR0tzcMKIFoTWJ7JJ6ilpLqmF
pZdIY2P58/UL1YBx48FUDRQ5KsG1b7UzD2EadUlOYMUjeufnQ6MBTcJsSkI/ohRb
0f0LwjsEtrCa2u+JneLIX/cnE0jw4MqtTi1OKPczw0PbwcChhwuPYx+bLAr3tNh5
a1iEo7hzMCfLxlgWtE3MM3VaeRo6QRpqFgKZfbkfCkzZjYdqkm/Vi1JEBpfZR3Io
gTk6/VAuR+s6V3U9C5vjJ+BR+cLdtoxPdcYhPWurvmXRplFLwUqbwiY3iRRWk4Nj
JjDFnXF5YBUthQ5t2uo+4cskg/IqgwCh/9yR7x2oPnLpfd+WJ0Gzg0ilBwIGl7b0
tEFkxGJCwde7Khwx5wEliubOWW9LzpX1HEmTuwPCKXD24Kbq0nE8BwPfSFI9sJOy
jl+H0yIZQpEMFLlz6LcXWWCg0FaA5iB4/Ak70zSGkB2mg38cGqwEiP5tG2DghoaO
6yyTBVWgBu3DeJrdAgMBAAECggGAG5Mow2V3xb9IXmv5/4J5B7vfuTaSgWWyQFm9
u1zMVaVYNmRfU5rK3WnDT3/Qsy8YmGIejKFoHWErO+lJkSsl3MBkvbkNlclItxxI
JY6j/voXqedZ8mwCKXwhy6XlNVAzyYEPMvmUq4YEMaS/4lP7vz6m76O1uAE19abB
r0GJePRSCODDsrRN265huhHYNxaPRxfBzUBYM0imlc+FxaGzFLoLVVcmeMV0nAfB
7E69xZg6413G6JLn7/Nk03pXvr7UyOavv+9ISunx2TBRQ71oY2kB817kKp6Jvyt1
jAM1QEVzndNr3n/vD9xOxM7Pr1+dc8GKk6ReVMb5/hPDRGJHgk6BsBa576rHMmpD
AJ3WfjPd35p9MJcTWPRbKxSdIf9l1KL+BunPoEhR/kWueqQqRgrXGIsve4GgXRW8
fp2ancQb5i8RPHz0FyE7SZHvEsINb8A+nAG4oN2SLqEa/j8hGsMFIOYTytX/a31R
Qml7l+FC3oWYo7EYlj43UaKcqBi5AoHBAOsQOfNoC3LPC+0Wx6pAXbFudCctIXUG
HlXntVTkDYluOS8c+1RggOFy5YyqLBPqzLimmC7h+qYbfPJSzdZ3CHpsEeHi7KT6
idHJ2/rEvMa3hW+fuAp/8CWccS4kdQmvQrnWsqEMe5G/Ot6iht9JyoJukqSH2MkW
5Pq8XCBSwkSr2vrm3+1ZKOJ2zDRLXyHm/CO85mR2HyhpuQfovqDqjlzm348OnWIq
zpDak2CGdnPLDY3psmRGcdPRpM3Im8v1iwKBwQDL1siv2wZStr8pb1BuvdiYRbAG
NChm0LWIGGmdFktZY3G+OBXJsBehg9ZGe0Wl+SrvIwxJRbKTsFqaFs48hCwO/HZs
UYCy8XydZ9xV4wt6ZlwWLOwDxaDzV5IiqzC9g8s0f0aMq3fKdtwSF3gy7Kv6xqXg
Ke8yfSqE1tvcmKcP4U7np5IbKQkfFhr58qcLSoRywetXpROOD08we4Zn7n4cfSH6
PT1kKt0iHJ2Mp1EsD6Tp29PZasMfRTnRSI1TzjcCgcBYx1gbxkAMrIYklWXztzur
t7vG0BTCzfzHFSw3U6qJLUgLszZ5N7l1bJ+l8N+U5ilL1B/GFTNFaTxXiU6UoYBi
PE7EsaAO71D+Gu8qVwO1Sbrr3bb0wD1C90MH2l0Zu0fISH5OtRg2g7MIQvoNeyEx
AfIAkg4eZLc2u81Pp/IXXZDnEiugyPvYDGYzmgPkGglAtieN6c76xHNNuWnF/NCn
5cqpjSuD2AcMToE7A43ZTedgodLubGyxQ4yq7AlrjuECgcAPQYcJqmHhxO2vwzYI
48qXMvgGrtarQ0mi4vjcmfOPwCKeMwJmcviBzSU3ZziCQJDXDw93WHESHqvZRoWu
/9FwWbLfToZMXkiOW1yhTPnp8klIG5qaeasfK1mzoI5oULnftvrnwlmX3KeB7yG+
5fnFLiLyERFm/Pk2sgIIk6BFTv6h1efYgoy9N+FS/bdE4BHjqOHdUGyTQFAT99rK
Yo4rwa3OVdEHczHTwMKF6Wvo2U7ldd94MUZjS8IVCNITCKcCgcARAQH90GP7nRLP
Wkx4SEyXvxNVkKptPLZlzBpZLn4cDtuW5aZHBHVpJC8e9Z62TW9TSWm/ffRoz3Yf
C6iEMS+fxvoKyTAuSMtsZIPfVRuQ/aufTUKbbMTDx5FWtHMC33y+wh9uvvbaitI0
etz0lw+5RKpv2TH0h3uwnmDjIo9G5ke03s8n0TXQprVPAKzK348OHP8bX4rLbyRO
IaOpQjzQP4rGwEjKszTf0JI5gfxJeoH262KtjKO4c+W6St69qSs=
-----END RSA PRIVATE KEY-----
)";

inline constexpr std::string_view kEd25519Key = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIBsm66wvpdok/1ILOkkuWqwVO/Q7XdmjArL7mhqE/OPL
-----END PRIVATE KEY-----
)";

inline constexpr std::string_view kEncryptedKey = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjejyCLH+050AICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEPaiFmOVvNsafSzFuptPOfAEgZA0
rO+KNYOOouxwceZ7v3iSmh8VGHOrYQ1p8AE29DvjWuyFgqsVJ8ssPvGfpDtF7vxI
P0eMyYzX/1n6kSlhVo74g28ghbVj0XvKkA0CyzeRQBop4HGgofiuJhGtztZGQFRt
J5E+yi+PHdjV0oE97Z/kXFnMbISxnncNfVIEynDgCSp+7i7NbvWZKKk0DDfqZNA=
-----END ENCRYPTED PRIVATE KEY-----
)";

inline constexpr std::string_view kEncryptedTraditionalKey = R"(-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,8F08883EEBBF08F24CA72EE852F85478

dq/Vn3PK8qvcB8iAAUV8V+MqOeiGYVhYQxnhUkGZdWZ91XMbSxjXDXLQnbXIzdkI
tnb3H7r+cCfzjeJAwjuxqD2JJwYqhoGZ1Ipk1OyMZy09cY27370SvpX1k7+n70Mc
Zn74rcp0IKi7nzUD2U24ZvumJlzB3cRzfwtwFrf52R8=
-----END EC PRIVATE KEY-----
)";

inline constexpr std::string_view kP256PublicKey = R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsJybquw0gMRB4wYTo5fcEW11HifX
1m5/S/2Akyl007KIV+k6bVRJyoV7pMdwLSfXm+00BKhN4cEdiFfiHtRv7A==
-----END PUBLIC KEY-----
)";

// The same key.
inline constexpr std::string_view kP256CompressedPublicKey = R"(-----BEGIN PUBLIC KEY-----
MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACsJybquw0gMRB4wYTo5fcEW11HifX
1m5/S/2Akyl007I=
-----END PUBLIC KEY-----
)";

inline constexpr std::string_view kRsa2048PublicKey = R"(-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAld4uLAXaHdiooUmSSiqH
0CabPb3dhUhNPFQtf/Cd5PklQDIJnLUp6znb/JToYazS4JWtK3Q0exiYUxAR5OIT
ag08juajuGGJkHHTT1ZzEJGgbAYfp+ZijwBqfsosAZPRqlSiDMklQh5MRsti2jpQ
sl8LBcyTzAA/QBrzTaIqqp3nwHwUaPhjQpMu5l8uBbGWu2hJvl24qKiGMhUeqKh6
5DIMtn4g6yRHFwOTR5cU9u3z96qsbA6lv19hlBdNindbpUGS+74mVK2Rfi873lUU
QNvg9yzssmUh4AecNGcWRYL/IfVjUic5YJY3FqAMzGqm2QuuSs52UAjIw9AH5Nd5
QwIDAQAB
-----END PUBLIC KEY-----
)";

// 3072 bits.
inline constexpr std::string_view kRsaExponent17PublicKey = R"(-----BEGIN PUBLIC KEY-----
MIIBoDANBgkqhkiG9w0BAQEFAAOCAY0AMIIBiAKCAYEAwCiO5WeFUk1OcDbu1EZc
LzT2MF5PW/z/SDKJlJ0Lwi2i2aGla/iqphaB6ng4HpayRqvf/wsCcM/RaCmRuHoI
tDD3NDuVBjsXcWnVrEvQrutRVzcPJUFOJqTTGVE8RgyVeYuD+ChH5U1OjTQQ3Xgx
oyd/84xeHlvZ3g/PeQ+AtAChbba72rTJAJjv6jKI4ToGdfmhCrcahuTcbhhwvbcn
6WeeHFWWZ0BXwYAcee+FS4fkaK50X6iATN64iMsP6EiAxHHQTkorbuy3SsgsMVU3
4cCwaMQX3G09quhxBiE700CM0GGJb0oz+eH6tWwL8mCs3jrOrMPIEKS06dKwU+ub
O1GYRmiYjw4ZGeiwP0QSEO51pLWH2FD1Hf/+vylorYgJNMJf0A34q0EcC4OfYO6e
/BhM7HUz4NGgVsE7EhNAqr8LNPhtwwX3ovgQVv3Gb2uhfy3YWVXcekyEobGz5NwG
MfCjTCus1rVxhusRKvTykCIuxn09WvsffiDMOP/nUBbvAgER
-----END PUBLIC KEY-----
)";

inline constexpr std::string_view kP521PublicKey = R"(-----BEGIN PUBLIC KEY-----
MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQA9CoVDhtnPcFjVoMrpy7G4gMdBS0E
TeEKTjrWyGLgF3DnnHhac+ve3MhMEykPb9h+BRCajpA4OeirTmB0TZnOjdcAGyvi
+Pfj7fSdz1aXyykB2FLcUMSnbod6Ld3rkz+JHdLzQoMOmflkmEDFxBe+7jmYljkT
ZRLYxexenABEOwMkK+o=
-----END PUBLIC KEY-----
)";

inline constexpr std::string_view kSecp256k1PublicKey = R"(-----BEGIN PUBLIC KEY-----
MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE5OuzEubjXbU5jP7GWBtK1sZuTUnNmTcE
tDzdE9q5eXk/fQzC3P5ChihcljIl11u3dQviXsPWb0vZW5TTRFAzeg==
-----END PUBLIC KEY-----
)";

inline constexpr std::string_view kEd448PublicKey = R"(-----BEGIN PUBLIC KEY-----
MEMwBQYDK2VxAzoAiASHHq5F+e3rfdY06SV65kKH+7pC////fEh2G6+f9eWhTnQj
8qzE0hTcN3ax3YTwAlImePD7asIA
-----END PUBLIC KEY-----
)";

// P-256, but with the curve's numbers in place of its name.
inline constexpr std::string_view kExplicitCurvePublicKey = R"(-----BEGIN PUBLIC KEY-----
MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA
AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////
///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd
NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5
RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA
//////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABAtzOPtMM1m9D4w+U667kzko
UkLzEAHU0NTirsxcO29BLd6tKz8RNnhZRPB/wbjcPfTieJnlifPejSlQ1HwoVMA=
-----END PUBLIC KEY-----
)";

// 3072 bits, restricted to PSS.
inline constexpr std::string_view kRsaPssPublicKey = R"(-----BEGIN PUBLIC KEY-----
MIIBoDALBgkqhkiG9w0BAQoDggGPADCCAYoCggGBANx6CExDr4mkZ5L7wpejTsRt
FJGWdocCOR3yaZVLhoqECyaOQwyEJEYrHCZfTIWEv8nrmv17Gk1E9m8b2MObLEXI
QjqHHnKG4txlA8xbIAqn48tDbawqyYf5Dc9/kpwafCDvgDdTJnKlQtY+v3FPpv3c
pcZpSOaBQIHJJ24n7JGIFif6HFiHbED5NQrqHneAZxS1EB3OqTJnOA2zTrk0UbAf
6qdGqVYj1p1ITyADOExIesjbfx9XWOAPyHK7xG8TLMVfIKxC2XrA66P3yrK3yERQ
laUJo2QANFLI+maF8Wl+5u4Y3hMxjufUnecFzfVZkF9Yj6Tnlqdjcii67lZAg/CV
0/VmX4Sz7rJ07NPlEPkdgkB/68pWC2LZDOs9Ezzc129EeDQoqwqBt3kK8D9BShQk
hTEZJBWzqW4TNQTW9nympcCUrq2VX/T9RT4Pv4MjpYkklJthGQPDID7Y3TqSPut+
kt0Qh0GV4tIlo2Iyx5oDwkseAXVt8BgBFUYBfSKt7QIDAQAB
-----END PUBLIC KEY-----
)";

inline constexpr std::string_view kP256CompressedPublicDer =
    "3039301306072a8648ce3d020106082a8648ce3d03010703220002b09c9baaec3480c441e30613a397dc116d751e27d7d66e7f4bfd80"
    "932974d3b2";

}  // namespace adyton
