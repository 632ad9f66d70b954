"""States, caches and configurations after a mishap: korsync reads them right or refuses them in one clear line."""
