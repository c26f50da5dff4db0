-- The operator writes ready and wanted replicas as one text: "1/2".
local mode = (obj.spec or {}).mode
if obj.status == nil then
  return { status = "Progressing", message = "Waiting for OpenTelemetry Collector status" }
end
if mode == "sidecar" then
  return { status = "Healthy", message = "Collector is running in sidecar mode" }
end
local ready, wanted = tostring((obj.status.scale or {}).statusReplicas):match("(%d+)/(%d+)")
if ready == nil then
  return { status = "Progressing", message = "Scale status not available" }
end
if ready == wanted and (ready ~= "0" or mode == "daemonset") then
  return { status = "Healthy", message = ready .. " of " .. wanted .. " replicas are ready" }
end
if ready == "0" then
  return { status = "Degraded", message = "No replicas are ready" }
end
return { status = "Progressing", message = ready .. " of " .. wanted .. " replicas are ready" }
