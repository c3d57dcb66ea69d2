"""`python -m selfinstruct`: the command line, where the script is not on the path."""

from selfinstruct.cli import main

main()
