-- A new value asks once.
local os = require("os")
obj.spec.upgrade = obj.spec.upgrade or {}
obj.spec.upgrade.requests = obj.spec.upgrade.requests or {}
obj.spec.upgrade.requests.promote = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
