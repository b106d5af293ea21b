"""Prints as JSON what TensorBoard's own package reads in folders of event files.

Scalars and texts as the page shows them, after steps that were done again are purged; and of each
file the number of records that its reader, which checks lengths and checksums, gets through.
"""

import glob
import json
import os
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader


def read(folder):
    accumulator = EventAccumulator(folder, size_guidance={"scalars": 0, "tensors": 0}).Reload()
    tags = accumulator.Tags()
    return {
        "scalars": {
            tag: [[one.wall_time, one.step, repr(one.value)] for one in accumulator.Scalars(tag)]
            for tag in tags["scalars"]
        },
        "texts": {
            tag: [[one.step, one.tensor_proto.string_val[0].decode()] for one in accumulator.Tensors(tag)]
            for tag in tags["tensors"]
        },
        "plugins": {tag: accumulator.SummaryMetadata(tag).plugin_data.plugin_name for tag in tags["tensors"]},
        "records": {
            os.path.basename(file): len(list(LegacyEventFileLoader(file).Load()))
            for file in sorted(glob.glob(os.path.join(folder, "events.out.tfevents.*")))
        },
    }


print(json.dumps([read(folder) for folder in sys.argv[1:]]))
