"""Knows the words of other languages for what a refusal is about; must not know what follows.

Parts of regular expressions, to stand beside the English words: Spanish, Portuguese, French,
Italian, German, Russian, Chinese, Japanese and Korean. What resembles English is not listed.
"""

from __future__ import annotations

CLIENT = (
    "клиент|приложени|anwendung|aplica|客户端|客戶端|应用|應用|クライアント|アプリ|클라이언트|앱"
)
REDIRECT = (
    "redirec|redirezion|weiterleitung|umleitung|перенаправ|重定向|リダイレクト|리디렉|리다이렉"
)
EXPIRED = "expirad|expiré|caducad|scadut|abgelaufen|ист[её]к|过期|過期|失效|期限切れ|만료"
INVALID = "inválid|invalide|non valid|ungültig|недействит|неверн|无效|無效|無効|유효하지"
SIGNATURE = "firma|assinatura|signatur|подпис|签名|簽名|署名|서명"
