-- Patches posts in a circle. Each line names a post and the version that it has; a turn of the circle raises all by one, so every
-- request names the current version. The circle is so long that a patch has long been answered when its turn comes again.
local load = dofile(os.getenv("BENCH_LUA") .. "/load.lua")
local before, after = os.getenv("BENCH_BODY"):match("^(.*)@(.*)$")
local paths, versions = {}, {}
local count = 0
local isMeasured = false

function init()
  wrk.headers["authorization"] = "Bearer " .. load.token
  wrk.headers["content-type"] = "application/json"
  for index, line in ipairs(load.lines("BENCH_LINES")) do
    local path, version = line:match("^(%S+) (%d+)$")
    paths[index] = path
    versions[index] = tonumber(version)
  end
end

function request()
  -- The first request is made to be measured, and never sent: it must not count as a turn.
  if not isMeasured then
    isMeasured = true
    return wrk.format("PATCH", paths[1], nil, before .. count .. after)
  end
  local index = count % #paths + 1
  count = count + 1
  wrk.headers["if-match"] = '"' .. versions[index] .. '"'
  versions[index] = versions[index] + 1
  return wrk.format("PATCH", paths[index], nil, before .. count .. after)
end

done = load.done
