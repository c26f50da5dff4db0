"""Health checks and actions that users write in Lua, locked in.

In: a script and an object (the script's ``obj``). Out: what the script returns. A script has Lua 5.1's basic functions, tables,
mathematics, strings, and of ``os`` only what knows the time; it reads no file, loads no library, starts nothing and
leaves nothing behind. It ends after a number of instructions and within an amount of memory, with a clear error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lupa.lua51 import LuaError as _LuaError
from lupa.lua51 import LuaMemoryError as _LuaMemoryError
from lupa.lua51 import LuaRuntime
from lupa.lua51 import lua_type as _lua_type

from holdfast.base.errors import Stop
from holdfast.kube.refs import Manifest
from holdfast.model.sync import AppHealth, AppHealthStatus

INSTRUCTIONS: Final = 5_000_000
MEMORY: Final = 64 * 1024 * 1024
_DEEPEST: Final = 100
_INVALID: Final = "Lua returned an invalid health status"

_PRISON: Final = r"""
local sethook, loadstring, error, type = debug.sethook, loadstring, error, type
local time, date, difftime = os.time, os.date, os.difftime
local find, match, gmatch, gsub, rep, len = string.find, string.match, string.gmatch, string.gsub, string.rep, string.len
local marks, floor = string.gsub, math.floor

-- Patterns are matched by C code, which no instruction count stops: their work is bounded by what they may have to try.
local function bounded(subject, pattern)
  local _, stars = marks(pattern, "[%*%+%-%?]", "")
  if (len(subject) + 1) ^ (stars < 1 and 1 or stars) > 1e7 then
    error("the pattern is too expensive for the text", 0)
  end
end
string.find = function(s, p, i, plain)
  if not plain then bounded(s, p) end
  return find(s, p, i, plain)
end
string.match = function(s, p, i) bounded(s, p) return match(s, p, i) end
string.gmatch = function(s, p) bounded(s, p) return gmatch(s, p) end
string.gsub = function(s, p, r, n) bounded(s, p) return gsub(s, p, r, n) end
string.rep = function(s, n)
  if len(s) * n > 1e6 then error("the text is too long", 0) end
  return rep(s, n)
end
string.dump = nil

os = {time = time, date = date, difftime = difftime}
for _, name in ipairs({"io", "debug", "package", "module", "require", "dofile", "loadfile", "load", "loadstring", "coroutine",
                       "getfenv", "setfenv", "collectgarbage", "newproxy", "python", "print", "_G"}) do
  _G[name] = nil
end

return function(script, count)
  local chunk, reason = loadstring(script, "=<string>")
  if not chunk then error(reason, 0) end
  local function stop()
    sethook(stop, "", 1) -- and at once again, should the script catch this error
    error("context deadline exceeded", 2)
  end
  sethook(stop, "", count)
  local result = chunk()
  sethook()
  return result
end
"""


class LuaError(Stop):
    """A script that cannot be read, fails, or does not end."""


def run(script: str, obj: Mapping[str, Any], *, instructions: int = INSTRUCTIONS) -> Any:
    """What the script returns, as JSON data. Raises LuaError."""
    if script.startswith("\x1b"):
        raise LuaError("the script is not a text")
    try:
        runtime = LuaRuntime(
            register_eval=False,
            register_builtins=False,
            unpack_returned_tuples=True,
            max_memory=MEMORY,
            encoding="utf-8",
        )
        runner = runtime.execute(_PRISON)
        runtime.globals()["obj"] = _inside(runtime, obj)
        return _outside(runner(script, instructions), 0)
    except _LuaMemoryError as error:
        raise LuaError("the script takes too much memory") from error
    except _LuaError as error:
        raise LuaError(_text(error)) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise LuaError(f"the script returned what cannot be read: {error}") from error


def _text(error: BaseException) -> str:
    text = str(error).partition("\nstack traceback:")[0].strip()
    return "the script takes too much memory" if text == "not enough memory" else text


def _inside(runtime: Any, value: Any) -> Any:
    """JSON data as Lua has it: null is absence, lists count from 1."""
    if isinstance(value, Mapping):
        table = runtime.table()
        for key, item in value.items():
            if item is not None:
                table[str(key)] = _inside(runtime, item)
        return table
    if isinstance(value, list | tuple):
        return runtime.table(*(_inside(runtime, item) for item in value))
    return value


def _outside(value: Any, depth: int) -> Any:
    kind = _lua_type(value)
    if kind is None:
        return value
    if kind != "table" or depth > _DEEPEST:
        raise LuaError(f"expect table output from Lua script, not {kind}")
    items = list(value.items())
    keys = [key for key, _ in items]
    if keys and sorted(k for k in keys if isinstance(k, int)) == list(range(1, len(keys) + 1)):
        return [_outside(item, depth + 1) for _, item in sorted(items, key=lambda pair: int(pair[0]))]
    return {str(key): _outside(item, depth + 1) for key, item in items}


def judge(script: str, obj: Mapping[str, Any]) -> AppHealth | None:
    """What a health check says; None where it returns nothing. Raises LuaError."""
    found = run(script, obj)
    if found is None or found == {}:
        return None
    if not isinstance(found, dict):
        raise LuaError(f"expect table output from Lua script, not {_kind(found)}")
    status, message = found.get("status"), found.get("message")
    if status not in {s.value for s in AppHealthStatus}:
        return AppHealth(AppHealthStatus.UNKNOWN, _INVALID)
    return AppHealth(AppHealthStatus(status), str(message) if message is not None else "")


def _kind(value: Any) -> str:
    names: dict[type, str] = {str: "string", bool: "boolean", int: "number", float: "number", list: "table"}
    return names.get(type(value), "userdata")


def act(script: str, obj: Manifest) -> list[Manifest]:
    """The objects that an action returns: the changed one, or a list of ``{operation, resource}``. Raises LuaError."""
    found = run(script, obj)
    if isinstance(found, dict) and "kind" in found:
        return [_shaped(found, obj)]
    if isinstance(found, list):
        resources = [f.get("resource") for f in found if isinstance(f, dict)]
        if resources and all(isinstance(r, dict) for r in resources):
            return [_shaped(r, obj) for r in resources]
    raise LuaError("the action returned no object")


def _shaped(found: Any, model: Any) -> Any:
    """Lua knows one empty table: where the object had an empty list, it has one again."""
    if isinstance(found, dict):
        if not found and isinstance(model, list):
            return []
        fields = model if isinstance(model, Mapping) else {}
        return {k: _shaped(v, fields.get(k)) for k, v in found.items()}
    if isinstance(found, list):
        first = model[0] if isinstance(model, list) and model else None
        return [_shaped(v, first) for v in found]
    return found
