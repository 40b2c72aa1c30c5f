DROP TABLE plinth_oauth_artifacts, plinth_oauth_clients, plinth_signing_keys, plinth_passkeys, plinth_recovery_codes, plinth_failures,
  plinth_one_time_secrets, plinth_revoked_tokens, plinth_refresh_tokens, plinth_sessions, plinth_accounts;
