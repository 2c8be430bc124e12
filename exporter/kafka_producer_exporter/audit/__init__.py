"""The operating guide's options and tips as checks: on a producer's configuration, on a live producer, on the brokers.

Pure: the readers get bytes, the checks get values, and the reports are text. ``document`` alone knows YAML.
"""
