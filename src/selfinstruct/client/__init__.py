"""The Python client, for scripts and notebooks: `from selfinstruct import SelfInstruct`."""
