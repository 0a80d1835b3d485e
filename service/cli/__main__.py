"""The same command without the installed script, for processes that start others."""

from service.cli import main

main(prog_name="trappvakt")
