"""`python -m selfinstruct`: the command line, if the script is not on the path."""

from selfinstruct.cli import main

main()
