"""``python -m holdfast``."""

from holdfast.cli.main import program

if __name__ == "__main__":
    program()
