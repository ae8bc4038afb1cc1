-- Back to the release that serves, where another one is in progress or was rejected; else to the one before it.
local status = obj.status
local target = status.activeReleaseVersion
if status.pending == nil and status.rejected == nil then
  local newest = ""
  for _, each in ipairs(status.releaseHistory) do
    if each.status == "Superseded" and each.timestamp > newest then
      newest = each.timestamp
      target = each.version
    end
  end
end
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["e6data.io/rollback-to"] = target
obj.metadata.annotations["e6data.io/rollback-reason"] = "asked for in Argo CD"
return obj
