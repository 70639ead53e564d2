import json, pathlib, sys, h5py, pandas  # usage: python read_samples.py runs/m1/samples
folder = pathlib.Path(sys.argv[1])
fields = json.loads((folder / "processors.json").read_text())["fields"]
words = {field["name"]: field["state"].get("vocabulary") for field in fields}
def table(file):
    columns = {"patient_id": file["patient_id"].asstr()[:], "split": file["split"][:]}
    for name in json.loads(file.attrs["fields"]):
        is_coded = isinstance(words.get(name), list)
        values = [words[name][v] if is_coded else v for v in file[name]["values"][:]]
        for level in sorted((key for key in file[name] if key != "values"), reverse=True):
            values = [values[a:b] for a, b in zip(file[name][level][:], file[name][level][1:])]
        columns[name] = values
    return pandas.DataFrame(columns)
print(pandas.concat([table(h5py.File(part)) for part in sorted(folder.glob("part-*.h5"))], ignore_index=True))
