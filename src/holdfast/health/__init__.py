"""Object to Health: built-in rules, custom expressions. Pure; knows nothing of hooks or waiting."""
