-- Which actions there are, and which would come to nothing now.
local status = obj.status or {}
local isAsked = (status.rollback or {}).state == "Accepted"
local former = false
for _, each in ipairs(status.releaseHistory or {}) do
  former = former or each.status == "Superseded"
end
-- While a release is in progress, or was rejected, it is the release that serves that is gone back to.
local isDoubtful = status.pending ~= nil or status.rejected ~= nil
local hasTarget = status.activeReleaseVersion ~= nil and (isDoubtful or former)

return {
  rollback = { disabled = isAsked or not hasTarget },
  -- Not while another one is in progress: what was rejected is not what spec asks for then.
  retry = { disabled = status.rejected == nil or status.step ~= nil },
}
