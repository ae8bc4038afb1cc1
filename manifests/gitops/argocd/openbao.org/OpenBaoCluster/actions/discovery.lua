-- Which actions there are, and which the gate or the controller would refuse or ignore now.
local status = obj.status or {}
local upgrade = status.upgrade or {}
local blueGreen = status.blueGreen or {}
local incident = (status.breakGlass or {}).active == true

local rejected, irreversible = false, false
for _, each in ipairs(status.conditions or {}) do
  if each.status == "True" then
    rejected = rejected or (each.type == "Stalled" and each.reason == "TargetRejected")
    irreversible = irreversible or each.type == "PointOfNoReturn"
  end
end

-- From Cleanup on, and where a green member leads for good, only a restore leads back.
local reversible = {
  DeployingGreen = true,
  JoiningMesh = true,
  Syncing = true,
  Promoting = true,
  UpgradingGreen = true,
  DemotingBlue = true,
}
local held = upgrade.held == true or blueGreen.held == true or (status.scaling or {}).held == true

local function when(possible)
  return { disabled = not possible }
end

return {
  promote = when(not incident and blueGreen.waitingReason == "PromoteRequest"),
  cleanup = when(not incident and blueGreen.waitingReason == "CleanupRequest"),
  rollback = when(not incident and not irreversible and reversible[blueGreen.phase] == true),
  retry = when(not incident and (held or rejected)),
  acknowledge = when(incident and status.breakGlass.nonce ~= nil),
}
