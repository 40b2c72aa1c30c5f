-- Asks for a token as a service that shows its secret.
local load = dofile(os.getenv("BENCH_LUA") .. "/load.lua")
local wanted

function init()
  wrk.headers["authorization"] = "Basic " .. load.token
  wrk.headers["content-type"] = "application/x-www-form-urlencoded"
  wanted = wrk.format("POST", "/oauth/token", nil, os.getenv("BENCH_BODY"))
end

function request()
  return wanted
end

done = load.done
