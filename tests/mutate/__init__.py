"""Files and answers after a mishap: korsync reads them right, or refuses them in one clear line and goes on."""
