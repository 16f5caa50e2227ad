"""`python -m paintcam`."""

from paintcam.cli import main

if __name__ == "__main__":
    main()
