-- A new value asks once.
local os = require("os")
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["rollguard.io/retry"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
