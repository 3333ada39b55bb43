import type { DashboardProps } from '../../../constructs/dashboard.ts';

/** The machines: @see https://github.com/prometheus/node_exporter */
export const nodes: DashboardProps = {
  title: 'Nodes',
  variables: { instance: 'label_values(node_uname_info, instance)' },
  rows: {
    Load: [
      {
        title: 'CPU',
        unit: 'percentunit',
        queries: {
          '{{instance}}':
            '1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle",instance=~"$instance"}[$__rate_interval]))',
        },
      },
      {
        title: 'Load of each core',
        queries: {
          '{{instance}}':
            'node_load5{instance=~"$instance"} / on (instance) group_left () count by (instance) (node_cpu_seconds_total{mode="idle",instance=~"$instance"})',
        },
      },
      {
        title: 'Memory',
        unit: 'percentunit',
        queries: {
          '{{instance}}':
            '1 - node_memory_MemAvailable_bytes{instance=~"$instance"} / node_memory_MemTotal_bytes{instance=~"$instance"}',
        },
      },
    ],
    Disks: [
      {
        title: 'Filled',
        unit: 'percentunit',
        queries: {
          '{{instance}} {{mountpoint}}':
            '1 - node_filesystem_avail_bytes{instance=~"$instance",fstype=~"ext4|xfs|btrfs|f2fs"} / node_filesystem_size_bytes{instance=~"$instance",fstype=~"ext4|xfs|btrfs|f2fs"}',
        },
      },
      {
        title: 'Busy',
        unit: 'percentunit',
        queries: {
          '{{instance}} {{device}}': 'rate(node_disk_io_time_seconds_total{instance=~"$instance"}[$__rate_interval])',
        },
      },
      {
        title: 'Written',
        unit: 'Bps',
        queries: {
          '{{instance}} {{device}}': 'rate(node_disk_written_bytes_total{instance=~"$instance"}[$__rate_interval])',
        },
      },
    ],
    'Network and health': [
      {
        title: 'Received',
        unit: 'Bps',
        queries: {
          '{{instance}} {{device}}':
            'rate(node_network_receive_bytes_total{instance=~"$instance",device!~"lo|veth.*|cni.*|flannel.*"}[$__rate_interval])',
        },
      },
      {
        title: 'Sent',
        unit: 'Bps',
        queries: {
          '{{instance}} {{device}}':
            'rate(node_network_transmit_bytes_total{instance=~"$instance",device!~"lo|veth.*|cni.*|flannel.*"}[$__rate_interval])',
        },
      },
      {
        title: 'Temperature',
        unit: 'celsius',
        queries: { '{{instance}} {{type}}': 'node_thermal_zone_temp{instance=~"$instance"}' },
      },
      {
        title: 'Waiting for CPU',
        unit: 'percentunit',
        queries: {
          '{{instance}}': 'rate(node_pressure_cpu_waiting_seconds_total{instance=~"$instance"}[$__rate_interval])',
        },
      },
      {
        title: 'Waiting for memory',
        unit: 'percentunit',
        queries: {
          '{{instance}}': 'rate(node_pressure_memory_waiting_seconds_total{instance=~"$instance"}[$__rate_interval])',
        },
      },
      {
        title: 'Waiting for disks',
        unit: 'percentunit',
        queries: {
          '{{instance}}': 'rate(node_pressure_io_waiting_seconds_total{instance=~"$instance"}[$__rate_interval])',
        },
      },
    ],
  },
};
