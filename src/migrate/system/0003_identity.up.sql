-- What Plinth keeps to know who asks. The records of the accounts are the application's own; here is what only sign-in needs.
-- Secrets stand here as digests (base64url of SHA-256) or sealed (AES-256-GCM under a key of the installation), never in clear.

-- One row for each account that ever did more than exist. A missing row is an account with nothing to tell: verified nowhere, in good standing.
CREATE TABLE plinth_accounts (
  account_id uuid PRIMARY KEY,
  -- The name whose owner has shown that it is theirs, as a digest (hex of SHA-256). An account that is given another name is not verified by that.
  verified_login_digest text,
  verified_at timestamptz(3),
  suspended_at timestamptz(3),
  password_changed_at timestamptz(3),
  -- The secret of the authenticator app, sealed; it counts once `totp_confirmed_at` is set.
  totp_secret text,
  totp_confirmed_at timestamptz(3),
  -- The last time step whose code was used: a code serves once.
  totp_last_step bigint NOT NULL DEFAULT 0
);

-- One row for each sign-in: what the owner sees as "where I am signed in", and the family of its refresh tokens.
CREATE TABLE plinth_sessions (
  session_id uuid PRIMARY KEY,
  account_id uuid NOT NULL,
  -- The OAuth client that acts for the account; null when the person signed in here.
  client_id text,
  device text NOT NULL CONSTRAINT plinth_sessions_device_check CHECK (device IN ('browser', 'native', 'service')),
  user_agent text,
  address text,
  amr text[] NOT NULL,
  created_at timestamptz(3) NOT NULL,
  last_used_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  authenticated_at timestamptz(3) NOT NULL,
  second_factor_at timestamptz(3),
  ended_at timestamptz(3),
  end_reason text
);

-- The sessions of one account, for its list and for ending all of them.
CREATE INDEX plinth_sessions_account_id_idx ON plinth_sessions (account_id, created_at DESC) WHERE ended_at IS NULL;
-- For the clean-up.
CREATE INDEX plinth_sessions_expires_at_idx ON plinth_sessions (expires_at);

-- Refresh tokens by digest. A used one stays until it expires, so that its second use is known for what it is.
CREATE TABLE plinth_refresh_tokens (
  token_digest text PRIMARY KEY,
  session_id uuid NOT NULL CONSTRAINT plinth_refresh_tokens_session_id_fkey REFERENCES plinth_sessions (session_id) ON DELETE CASCADE,
  created_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  used_at timestamptz(3),
  -- Digest of the Idempotency-Key of the request that used it: the same request again gets the same answer.
  used_by text
);

CREATE INDEX plinth_refresh_tokens_session_id_idx ON plinth_refresh_tokens (session_id);
-- For the clean-up: a session refreshes thousands of times, so its tokens go before it does.
CREATE INDEX plinth_refresh_tokens_expires_at_idx ON plinth_refresh_tokens (expires_at);

-- Access tokens that were revoked one by one, until they would have expired anyway.
CREATE TABLE plinth_revoked_tokens (
  jti text PRIMARY KEY,
  expires_at timestamptz(3) NOT NULL
);

CREATE INDEX plinth_revoked_tokens_expires_at_idx ON plinth_revoked_tokens (expires_at);

-- Secrets that serve once: links to verify an address or reset a password, tickets between first and second factor, challenges of passkeys.
CREATE TABLE plinth_one_time_secrets (
  secret_digest text PRIMARY KEY,
  purpose text NOT NULL,
  account_id uuid,
  data jsonb NOT NULL,
  attempts_left integer NOT NULL,
  created_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL
);

CREATE INDEX plinth_one_time_secrets_expires_at_idx ON plinth_one_time_secrets (expires_at);
-- A new secret for a purpose replaces the account's earlier ones.
CREATE INDEX plinth_one_time_secrets_account_id_idx ON plinth_one_time_secrets (account_id, purpose);

-- Failures in a row, by what was attacked: an account name that exists or not, an address, a second factor.
CREATE TABLE plinth_failures (
  -- Kind and keyed digest: `account:…`, `address:…`, `factor:…`.
  subject text PRIMARY KEY,
  count integer NOT NULL,
  last_at timestamptz(3) NOT NULL,
  blocked_until timestamptz(3) NOT NULL
);

CREATE INDEX plinth_failures_last_at_idx ON plinth_failures (last_at);

CREATE TABLE plinth_recovery_codes (
  account_id uuid NOT NULL,
  code_digest text NOT NULL,
  used_at timestamptz(3),
  PRIMARY KEY (account_id, code_digest)
);

CREATE TABLE plinth_passkeys (
  passkey_id uuid PRIMARY KEY,
  -- base64url, as WebAuthn names it.
  credential_id text NOT NULL CONSTRAINT plinth_passkeys_credential_id_key UNIQUE,
  account_id uuid NOT NULL,
  public_key text NOT NULL,
  sign_count bigint NOT NULL,
  transports text[] NOT NULL,
  is_backed_up boolean NOT NULL,
  name text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  last_used_at timestamptz(3)
);

CREATE INDEX plinth_passkeys_account_id_idx ON plinth_passkeys (account_id);

-- The keys that sign tokens. A new one is published before it signs, and stays published after, so that nobody meets a key that they do not know.
CREATE TABLE plinth_signing_keys (
  kid text PRIMARY KEY,
  algorithm text NOT NULL,
  public_jwk jsonb NOT NULL,
  -- PKCS #8, sealed.
  private_key text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  signs_from timestamptz(3) NOT NULL,
  signs_until timestamptz(3),
  -- Tokens that it signed are believed until then.
  published_until timestamptz(3)
);

-- OAuth clients.
CREATE TABLE plinth_oauth_clients (
  client_id text PRIMARY KEY,
  name text NOT NULL,
  secret_digest text,
  kind text NOT NULL CONSTRAINT plinth_oauth_clients_kind_check CHECK (kind IN ('web', 'native', 'service', 'device')),
  redirect_uris text[] NOT NULL,
  grants text[] NOT NULL,
  scopes text[] NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  disabled_at timestamptz(3)
);

-- What the authorization server remembers between requests: codes, grants, sessions, refresh tokens, device codes. Names are digests.
CREATE TABLE plinth_oauth_artifacts (
  kind text NOT NULL,
  name_digest text NOT NULL,
  payload jsonb NOT NULL,
  grant_id text,
  user_code_digest text,
  uid_digest text,
  account_id uuid,
  consumed_at timestamptz(3),
  expires_at timestamptz(3),
  PRIMARY KEY (kind, name_digest)
);

CREATE INDEX plinth_oauth_artifacts_grant_id_idx ON plinth_oauth_artifacts (grant_id) WHERE grant_id IS NOT NULL;
CREATE UNIQUE INDEX plinth_oauth_artifacts_user_code_key ON plinth_oauth_artifacts (user_code_digest) WHERE user_code_digest IS NOT NULL;
CREATE UNIQUE INDEX plinth_oauth_artifacts_uid_key ON plinth_oauth_artifacts (uid_digest) WHERE uid_digest IS NOT NULL;
CREATE INDEX plinth_oauth_artifacts_account_id_idx ON plinth_oauth_artifacts (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX plinth_oauth_artifacts_expires_at_idx ON plinth_oauth_artifacts (expires_at);
