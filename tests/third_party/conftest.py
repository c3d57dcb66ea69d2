"""The packages in this folder are strangers: their own tests run where they are installed, not here."""

collect_ignore_glob = ["selfinstruct-*"]
