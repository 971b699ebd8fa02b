"""The classroom server: JupyterHub on one machine, with limits for each student."""
