-- Signs accounts in by name and password, one after another.
local load = dofile(os.getenv("BENCH_LUA") .. "/load.lua")
local before, after = os.getenv("BENCH_BODY"):match("^(.*)@@(.*)$")
local logins = {}
local count = 0

function init()
  wrk.headers["content-type"] = "application/json"
  logins = load.lines("BENCH_LINES")
  count = tonumber(os.getenv("BENCH_SEED"))
end

function request()
  count = count + 1
  return wrk.format("POST", "/auth/sessions", nil, before .. logins[count % #logins + 1] .. after)
end

done = load.done
