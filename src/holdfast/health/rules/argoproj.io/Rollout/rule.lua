-- A Rollout says how it is in status.phase. Controllers before 1.0 did not; then it is told from conditions and counts.
local status = obj.status
local waiting = { status = "Progressing", message = "Waiting for rollout spec update to be observed" }
if status == nil then
  return waiting
end
local seen = tonumber(status.observedGeneration)
if seen ~= nil and seen < obj.metadata.generation then
  return waiting
end
if obj.spec.workloadRef ~= nil and obj.metadata.annotations ~= nil then
  local made = tonumber(obj.metadata.annotations["rollout.argoproj.io/workload-generation"])
  if made ~= tonumber(status.workloadObservedGeneration) then
    return waiting
  end
end
if status.phase ~= nil then
  local health = status.phase
  if health == "Paused" then
    health = "Suspended"
  end
  return { status = health, message = status.message }
end
for _, condition in ipairs(status.conditions or {}) do
  local stopped = condition.reason == "RolloutAborted" or condition.reason == "ProgressDeadlineExceeded"
  if condition.type == "InvalidSpec" or (condition.type == "Progressing" and stopped) then
    return { status = "Degraded", message = condition.message }
  end
end
if obj.spec.paused or #(status.pauseConditions or {}) > 0 then
  return { status = "Suspended", message = "Rollout is paused" }
end
local function going(message)
  return { status = "Progressing", message = message }
end
if status.currentPodHash == nil then
  return going("Waiting for rollout to finish: status has not been reconciled.")
end
local updated, available = status.updatedReplicas or 0, status.availableReplicas or 0
if updated < (obj.spec.replicas or 1) then
  return going("Waiting for roll out to finish: More replicas need to be updated")
end
if available < updated then
  return going("Waiting for roll out to finish: updated replicas are still becoming available")
end
local stable = status.stableRS or (status.canary or {}).stableRS or ""
local strategy = obj.spec.strategy or {}
if strategy.blueGreen ~= nil then
  if (status.blueGreen or {}).activeSelector ~= status.currentPodHash then
    return going("active service cutover pending")
  end
  if stable ~= "" and stable ~= status.currentPodHash then
    return going("waiting for analysis to complete")
  end
elseif strategy.canary ~= nil then
  if (status.replicas or 0) > updated then
    return going("Waiting for roll out to finish: old replicas are pending termination")
  end
  if stable ~= status.currentPodHash then
    return going("Waiting for rollout to finish steps")
  end
end
return { status = "Healthy", message = "" }
