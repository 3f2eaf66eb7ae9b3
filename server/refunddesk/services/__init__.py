"""The use cases: each reads like its story and does its work in one transaction."""
