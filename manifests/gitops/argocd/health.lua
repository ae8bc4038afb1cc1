-- Health of OpenBaoCluster, OpenBaoRestore and MetadataServices, of which all have the same conditions. What each state
-- of an object comes to: docs/reference/gitops.md. A message must be a text: Argo CD drops the health with any other.
local status = obj.status or {}

local function condition(name)
  for _, each in ipairs(status.conditions or {}) do
    if each.type == name then
      return each
    end
  end
  return {}
end

local function health(word, message)
  return { status = word, message = tostring(message or "") }
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "it is being deleted")
end
if status.conditions == nil or (status.observedGeneration or -1) ~= obj.metadata.generation then
  return health("Progressing", "the controller has not looked at the newest spec yet")
end

local ready = condition("Ready")
local stalled = condition("Stalled")
local reconciling = condition("Reconciling")
if stalled.status == "True" then
  if stalled.reason == "AwaitingConfirmation" then
    return health("Suspended", stalled.message)
  end
  return health("Degraded", stalled.message)
end
if ready.status == "True" then
  return health("Healthy", ready.message)
end
if reconciling.status == "True" then
  return health("Progressing", reconciling.message)
end
-- A person is awaited as spec asks for it: a promotion, a cleanup, the end of a pause.
if stalled.reason ~= nil and stalled.reason ~= "AsExpected" then
  return health("Suspended", ready.message)
end
-- Nothing is being done, and something is not well. What could not be read is not known to be ill.
if condition("Degraded").status == "True" then
  return health("Degraded", ready.message)
end
return health("Progressing", ready.message)
